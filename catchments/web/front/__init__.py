"""The front: before Flask, in this order, metrics, limits of rate and kept responses."""
