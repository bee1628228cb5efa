"""The versions of the database: a file each, named by what it does."""
