"""What holds of requests and cases: plain values and functions, without a server or a database."""
