"""The only place that knows Matrix events: the door, the rooms, the posts, the keys."""
