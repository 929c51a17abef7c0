# SPDX-License-Identifier: BSD-3-Clause
"""A Python program of somebody else, on mpi4py: objects and arrays, messages and reductions; rank 0 prints the results."""
import numpy
from mpi4py import MPI

world = MPI.COMM_WORLD
rank, ranks = world.Get_rank(), world.Get_size()
right, left = (rank + 1) % ranks, (rank - 1) % ranks

friend = world.sendrecv({"rank": rank, "text": "x" * 10 * rank}, dest=right, source=left)
assert friend == {"rank": left, "text": "x" * 10 * left}, friend
received = world.irecv(source=left, tag=7)
world.send(list(range(rank + 1)), dest=right, tag=7)
assert received.wait() == list(range(left + 1))
assert world.bcast("hello" if rank == 0 else None) == "hello"

ours = numpy.linspace(rank, rank + 1, 1000)
total = numpy.zeros(1000)
world.Allreduce(ours, total)
world.Barrier()
start = MPI.Wtime()
request = world.Iallreduce(MPI.IN_PLACE, total, op=MPI.MAX)
request.Wait()
everyone = world.gather(float(ours.sum()), root=0)
half = world.Split(rank % 2, rank)
in_half = half.allreduce(1)
half.Free()
if rank == 0:
    print(f"total {total.sum():.12e}\ngathered {sum(everyone):.12e}\nhalf {in_half}\ntime {MPI.Wtime() - start > 0}")
