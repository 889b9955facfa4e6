"""Identity from elsewhere, without a database; ``kinds`` lists what there is.

Import it where a connection is used: most servers have none.
"""
