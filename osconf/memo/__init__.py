"""Calls that need not be done again: what a call came to, and the evidence that it would come to the same now.

An evaluation depends on nothing but the answers of its `World`. `world.WatchedWorld` writes the questions down,
`evidence.Evidence` holds them with what the answers rested on, and `outcome` keeps both with what the call printed. The
next call of the same words asks the same questions, which needs no evaluator, and repeats the outcome if nothing
changed. In the literature on build systems this is a verifying trace.
"""
