"""What a reader sees of a consignment: pure functions from records, their anchoring and the policy to a picture."""
