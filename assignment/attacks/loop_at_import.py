# expect: timeout
# about: never ends being imported
# task: rmsnorm
# place: top
while True:
    pass
