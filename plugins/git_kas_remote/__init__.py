"""The plan store on a server: ``git kas serve``, spoken to through urllib3."""
