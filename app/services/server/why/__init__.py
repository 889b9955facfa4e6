"""Why a request was refused, told to operators."""
