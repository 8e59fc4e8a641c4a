"""What plugins are: the hooks they may implement, and the manager that finds and loads them."""
