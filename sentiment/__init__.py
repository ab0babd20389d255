"""Film reviews: read, scored zero-shot, trained on, and labelled with what was trained."""
