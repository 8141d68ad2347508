"""Waivers: exceptions that somebody answers for until a day, named in the environment's file."""
