"""The user of a hosted business telephone site: a platform of users, groups and desk phones as BroadWorks has them."""
