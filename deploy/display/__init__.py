"""What people see: tables that fit the terminal, and plain lines where there is none."""
