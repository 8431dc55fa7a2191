"""What following the advice of a service in shadow mode would have been worth, from its log and the records since."""
