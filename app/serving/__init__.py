"""The parts of the server: who may enter, which kernel runs, which files the page loads."""
