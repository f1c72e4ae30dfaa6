"""Few cases in which every two values of different dimensions meet, if they can meet at all."""

import itertools
import random


def product(dimensions, possible):
    """Every case that is possible, as dictionaries."""
    names = list(dimensions)
    for values in itertools.product(*dimensions.values()):
        case = dict(zip(names, values))
        if possible(case):
            yield case


def pairs_of(case):
    return set(itertools.combinations(sorted(case.items()), 2))


def pairwise(dimensions, possible, seed):
    """A list of possible cases that covers every pair of values that some possible case has.

    Greedy: the next case is the one with the most pairs not yet met; what is equal is decided by the seed.
    """
    numbers = {}  # of the pairs; a set of them is an integer with those bits
    candidates = []
    for case in product(dimensions, possible):
        bits = 0
        for pair in itertools.combinations(sorted(case.items()), 2):
            bits |= 1 << numbers.setdefault(pair, len(numbers))
        candidates.append((case, bits))
    random.Random(seed).shuffle(candidates)
    missing = (1 << len(numbers)) - 1
    chosen = []
    while missing:
        case, bits = max(candidates, key=lambda candidate: bin(candidate[1] & missing).count("1"))
        chosen.append(case)
        missing &= ~bits
    return chosen
