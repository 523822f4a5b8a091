"""A single window to try things against: an HTTP service with a durable store, stories, faults and a load generator."""
