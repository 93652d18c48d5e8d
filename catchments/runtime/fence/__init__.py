"""The fence around programs that read foreign files: what of the machine they may see and do."""
