"""Inputs made at random, by structure: what no input may do, tried on as many as there is time for."""
