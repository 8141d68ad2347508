"""Small changes of generator/, one at a time, that some test has to catch; `make mutants` says which none does.

Own code, because neither library fits: mutmut 3 mutates every function of the package at once, by wrapping it, which
the tests of the architecture and of start-up see, and it draws no sample; cosmic-ray runs one command for every mutant,
whatever it touches, and the whole suite for each of 200 takes a day.
"""
