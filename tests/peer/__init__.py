"""Discord as a real server on this machine, which can be told to fail, and the real bot started against it."""
