"""What stands in front of Flask, in its order: metrics, limits of rate, kept responses."""
