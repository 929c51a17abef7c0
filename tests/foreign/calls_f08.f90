! SPDX-License-Identifier: BSD-3-Clause
! The same with the module mpi_f08, whose calls take other ways into MPI: handles are types, errors are left out.
program calls_f08
  use mpi_f08
  implicit none
  integer :: rank, ranks, right, left, i, n_done, got, number, box(3), done(3)
  type(MPI_Status) :: status, statuses(3)
  type(MPI_Request) :: requests(3)
  type(MPI_Comm) :: cart, row
  logical :: flag
  double precision :: total, start

  call MPI_Init()
  call MPI_Comm_rank(MPI_COMM_WORLD, rank)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks)
  right = modulo(rank + 1, ranks)
  left = modulo(rank - 1, ranks)
  number = 10 + rank

  call MPI_Sendrecv(number, 1, MPI_INTEGER, right, 1, got, 1, MPI_INTEGER, left, 1, MPI_COMM_WORLD, status)
  call say('sendrecv', got - 10 == left .and. status%MPI_SOURCE == left .and. status%MPI_TAG == 1)
  call post(2)
  flag = .false.
  do while (.not. flag)
    call MPI_Test(requests(1), flag, status)
  end do
  call say('test', box(1) == 10 + left .and. status%MPI_TAG == 3)
  call MPI_Waitall(3, requests, statuses)
  call say('waitall', all(box == 10 + left) .and. statuses(3)%MPI_TAG == 5)
  call post(12)
  flag = .false.
  do while (.not. flag)
    call MPI_Testall(3, requests, flag, MPI_STATUSES_IGNORE)
  end do
  call say('testall', all(box == 10 + left) .and. requests(2) == MPI_REQUEST_NULL)
  call post(22)
  n_done = 0
  do while (n_done < 3)
    call MPI_Testsome(3, requests, i, done, statuses)
    n_done = n_done + i
  end do
  call say('testsome', all(box == 10 + left) .and. all(done(:i) >= 1) .and. all(done(:i) <= 3))
  call post(32)
  do n_done = 1, 3
    flag = .false.
    do while (.not. flag)
      call MPI_Testany(3, requests, i, flag, status)
    end do
    done(n_done) = i
  end do
  call say('testany', sum(done) == 6 .and. status%MPI_TAG == 32 + done(3))
  call MPI_Isend(number, 1, MPI_INTEGER, right, 40, MPI_COMM_WORLD, requests(1))
  flag = .false.
  do while (.not. flag)
    call MPI_Iprobe(MPI_ANY_SOURCE, 40, MPI_COMM_WORLD, flag, status)
  end do
  call MPI_Recv(got, 1, MPI_INTEGER, status%MPI_SOURCE, 40, MPI_COMM_WORLD, MPI_STATUS_IGNORE)
  call MPI_Wait(requests(1), MPI_STATUS_IGNORE)
  call say('iprobe', got == 10 + left)

  total = rank + 0.5d0
  call MPI_Allreduce(MPI_IN_PLACE, total, 1, MPI_DOUBLE_PRECISION, MPI_SUM, MPI_COMM_WORLD)
  call say('allreduce', total == 0.5d0 * ranks * ranks)
  call MPI_Cart_create(MPI_COMM_WORLD, 1, [ranks], [.true.], .false., cart)
  call MPI_Cart_sub(cart, [.true.], row)
  call MPI_Allreduce(1, got, 1, MPI_INTEGER, MPI_SUM, row)
  call say('cart', got == ranks)
  call MPI_Comm_free(row)

  call MPI_Barrier(MPI_COMM_WORLD)
  start = MPI_Wtime()
  do i = 1, 100
    if (rank == 0) then
      call MPI_Send(number, 1, MPI_INTEGER, 1, 50, MPI_COMM_WORLD)
      call MPI_Recv(number, 1, MPI_INTEGER, 1, 50, MPI_COMM_WORLD, MPI_STATUS_IGNORE)
    else if (rank == 1) then
      call MPI_Recv(number, 1, MPI_INTEGER, 0, 50, MPI_COMM_WORLD, MPI_STATUS_IGNORE)
      call MPI_Send(number, 1, MPI_INTEGER, 0, 50, MPI_COMM_WORLD)
    end if
  end do
  if (rank == 0) print '(a, f12.6)', 'half_round_trip_us ', 1d6 * (MPI_Wtime() - start) / 200
  call MPI_Finalize()

contains

  !> Three messages to the right, three receives from the left.
  subroutine post(tag)
    integer, intent(in) :: tag
    integer :: k
    call MPI_Barrier(MPI_COMM_WORLD)
    do k = 1, 3
      call MPI_Irecv(box(k), 1, MPI_INTEGER, left, tag + k, MPI_COMM_WORLD, requests(k))
    end do
    do k = 1, 3
      call MPI_Send(number, 1, MPI_INTEGER, right, tag + k, MPI_COMM_WORLD)
    end do
  end subroutine

  !> One line, when all ranks agree.
  subroutine say(what, holds)
    character(len=*), intent(in) :: what
    logical, intent(in) :: holds
    logical :: everywhere
    call MPI_Reduce(holds, everywhere, 1, MPI_LOGICAL, MPI_LAND, 0, MPI_COMM_WORLD)
    if (rank == 0) print '(a, l2)', what, everywhere
  end subroutine
end program
