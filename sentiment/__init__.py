"""Film reviews: reading, batching, scoring, training and evaluating classifiers."""
