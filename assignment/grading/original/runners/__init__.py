"""Feed the inputs of a case to the functions of the original course.

In a worker's tree these lie where ours do, in `assignment/runners/`. A learner's modules come by
`importlib`, since here their names mean other files.
"""
