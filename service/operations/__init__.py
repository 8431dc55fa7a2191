"""Running the service: is it ready, what does it do, how does it stop and change its policy."""
