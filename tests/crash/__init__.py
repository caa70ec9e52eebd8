"""Servers that are killed on purpose."""
