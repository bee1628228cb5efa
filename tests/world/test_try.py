from tests.world.fixtures import *
def test_try(world):
    op = world.submit("open")
    world.settle()
    print(world.rows.operation(op), world.rows.story(op), world.platform.effects(), world.rows.moves())
    print(world.points.reached)
    assert world.rows.operation(op)["state"]=="succeeded"
    op = world.submit("rename"); world.settle()
    op = world.submit("close"); world.settle()
    print(world.rows.story(op), world.rows.moves())
    world.check()
