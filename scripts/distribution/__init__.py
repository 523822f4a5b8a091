"""What a release is made of: the verifier as a wheel and as one file, the application's wheel, clients, checksums."""
