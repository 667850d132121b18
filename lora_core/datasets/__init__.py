"""Pictures and captions: look at them, sort them into buckets, count steps."""
