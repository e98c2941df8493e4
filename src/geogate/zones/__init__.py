"""Restricted zones, their lists and the compiled index; pure, so that Spark executors and threads share them."""
