"""The whole bot in a simulated Discord, on a page of this machine: no token, no account, no server.

Owns: the demo. The cogs, the pipeline and the database are the real ones; only Discord is simulated (SimCord). An
optional extra: nothing else of the product imports this package or SimCord.
"""
