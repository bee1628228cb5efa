"""The ways out to people and to other systems' desks."""
