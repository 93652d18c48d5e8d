"""Jobs: programs that a web worker starts and waits for, because of what they import or read."""
