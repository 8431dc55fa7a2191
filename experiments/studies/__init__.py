"""The studies that come with the repository: each a folder with its protocol, how its records are made, and what came.

`README.md` beside this file is where to begin reading.
"""
