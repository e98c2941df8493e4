"""The gate between staged geospatial data and the outside: judge a dataset, send only what was cleared."""
