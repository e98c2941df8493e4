"""Great Expectations' side of geogate: the datasource, the execution engine and the Data Docs."""
