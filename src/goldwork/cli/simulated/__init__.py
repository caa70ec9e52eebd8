"""Simulated people at a running server, and the demonstration that they play in. Loaded when they are wanted."""
