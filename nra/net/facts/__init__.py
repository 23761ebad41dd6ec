"""What a workstation says of itself when a support case is made: no admin rights, each question with a deadline."""
