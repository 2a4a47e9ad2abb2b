"""Realistic load and chaos: the service under mixed traffic and faults, and a verdict on each promise.

`python -m bench.soak` starts `skeldir up` in a scratch home, sends the traffic of 20 tenants from separate
processes, breaks things, waits until no work is left, and compares acknowledged facts with stored ones.
"""
