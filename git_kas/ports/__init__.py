"""What the use cases need from outside, as Protocols; :mod:`git_kas.ports.fakes` has one fake for each."""
