"""Load and chaos as people meet them: the service under mixed traffic and faults, and a verdict on each promise.

`python -m bench.soak` starts `skeldir up` in a scratch home, sends the traffic of 20 tenants from processes of their
own, breaks things, waits until everything is worked off, and compares what was acknowledged with what is there.
"""
