"""The main stories, told to a real browser: the demo's command in a process of its own, and what a stranger types,
presses and reads on its page."""
