"""The engine that drives kohya-ss/sd-scripts, in its own checkout and its own environment."""
