"""From a voice sample to its judgement: fates, statistics, jitter buffer, E-model, rows, findings; pure functions over columns."""
