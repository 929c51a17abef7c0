! SPDX-License-Identifier: BSD-3-Clause
! A Fortran program of somebody else, with the module mpi: every kind of argument that Fortran hands over in its own way.
! Prints what it got, which must not depend on the network, and at last half a round trip in microseconds.
program calls_mpi
  use mpi
  implicit none
  integer :: error, rank, ranks, right, left, i, n_done, level, row, cart, length
  integer :: number, got, status(MPI_STATUS_SIZE), statuses(MPI_STATUS_SIZE, 4), requests(4), done(4), box(4)
  integer :: dims(1), types(2)
  logical :: flag, periods(1), remain(1)
  double precision, asynchronous :: value, sums(2)  ! MPI reads and writes them between two calls
  double precision :: start
  double precision, allocatable :: gathered(:)
  character(len=MPI_MAX_LIBRARY_VERSION_STRING) :: version

  call MPI_Init_thread(MPI_THREAD_FUNNELED, level, error)
  call MPI_Comm_rank(MPI_COMM_WORLD, rank, error)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, error)
  right = modulo(rank + 1, ranks)
  left = modulo(rank - 1, ranks)
  allocate(gathered(ranks))

  ! Numbers, statuses, MPI_STATUS_IGNORE.
  number = 10 + rank
  call MPI_Sendrecv(number, 1, MPI_INTEGER, right, 1, got, 1, MPI_INTEGER, left, 1, MPI_COMM_WORLD, status, error)
  call say('sendrecv', got - 10 == left .and. status(MPI_SOURCE) == left .and. status(MPI_TAG) == 1)
  call MPI_Irecv(got, 1, MPI_INTEGER, left, 2, MPI_COMM_WORLD, requests(1), error)
  call MPI_Send(number, 1, MPI_INTEGER, right, 2, MPI_COMM_WORLD, error)
  call MPI_Wait(requests(1), MPI_STATUS_IGNORE, error)
  call say('wait', got - 10 == left .and. requests(1) == MPI_REQUEST_NULL)
  call MPI_Irecv(got, 1, MPI_INTEGER, left, 3, MPI_COMM_WORLD, requests(1), error)
  call MPI_Ssend(number, 1, MPI_INTEGER, right, 3, MPI_COMM_WORLD, error)
  flag = .false.
  do while (.not. flag)
    call MPI_Test(requests(1), flag, status, error)
  end do
  call say('test', got - 10 == left .and. status(MPI_SOURCE) == left)

  ! Arrays of requests, indices from 1, MPI_STATUSES_IGNORE.
  do i = 1, 4
    box(i) = 0
    call MPI_Recv_init(box(i), 1, MPI_INTEGER, left, 10 + i, MPI_COMM_WORLD, requests(i), error)
  end do
  call MPI_Startall(4, requests, error)
  do i = 1, 4
    call MPI_Send(i * number, 1, MPI_INTEGER, right, 10 + i, MPI_COMM_WORLD, error)
  end do
  call MPI_Waitall(4, requests, statuses, error)
  call say('waitall', all_of(box) .and. statuses(MPI_TAG, 3) == 13 .and. requests(2) /= MPI_REQUEST_NULL)
  do i = 1, 4
    call MPI_Request_free(requests(i), error)
    call MPI_Irecv(box(i), 1, MPI_INTEGER, left, 20 + i, MPI_COMM_WORLD, requests(i), error)
  end do
  call MPI_Send(3 * number, 1, MPI_INTEGER, right, 23, MPI_COMM_WORLD, error)
  call MPI_Waitany(4, requests, i, status, error)
  call say('waitany', i == 3 .and. status(MPI_TAG) == 23 .and. requests(3) == MPI_REQUEST_NULL)
  call MPI_Barrier(MPI_COMM_WORLD, error)  ! nobody is faster than the others
  call MPI_Send(2 * number, 1, MPI_INTEGER, right, 22, MPI_COMM_WORLD, error)
  call MPI_Waitsome(4, requests, n_done, done, MPI_STATUSES_IGNORE, error)
  call say('waitsome', n_done == 1 .and. done(1) == 2)
  call MPI_Barrier(MPI_COMM_WORLD, error)
  call MPI_Send(number, 1, MPI_INTEGER, right, 21, MPI_COMM_WORLD, error)
  n_done = 0
  do while (n_done == 0)
    call MPI_Testsome(4, requests, n_done, done, statuses, error)
  end do
  call say('testsome', n_done == 1 .and. done(1) == 1 .and. statuses(MPI_TAG, 1) == 21)
  call MPI_Barrier(MPI_COMM_WORLD, error)
  call MPI_Send(4 * number, 1, MPI_INTEGER, right, 24, MPI_COMM_WORLD, error)
  flag = .false.
  do while (.not. flag)
    call MPI_Testall(4, requests, flag, MPI_STATUSES_IGNORE, error)
  end do
  call say('testall', all_of(box) .and. requests(4) == MPI_REQUEST_NULL)
  call MPI_Testany(4, requests, i, flag, status, error)
  call say('testany', flag .and. i == MPI_UNDEFINED)
  call MPI_Send(number, 1, MPI_INTEGER, right, 30, MPI_COMM_WORLD, error)
  call MPI_Probe(MPI_ANY_SOURCE, 30, MPI_COMM_WORLD, status, error)
  flag = .false.
  do while (.not. flag)
    call MPI_Iprobe(left, MPI_ANY_TAG, MPI_COMM_WORLD, flag, MPI_STATUS_IGNORE, error)
  end do
  call MPI_Recv(got, 1, MPI_INTEGER, status(MPI_SOURCE), 30, MPI_COMM_WORLD, MPI_STATUS_IGNORE, error)
  call say('probe', got - 10 == left)
  call MPI_Send(number, 1, MPI_INTEGER, MPI_PROC_NULL, 31, MPI_COMM_WORLD, error)

  ! Collectives, MPI_IN_PLACE, MPI_BOTTOM.
  value = rank + 0.5d0
  call MPI_Allreduce(value, sums(1), 1, MPI_DOUBLE_PRECISION, MPI_SUM, MPI_COMM_WORLD, error)
  sums(2) = value
  call MPI_Allreduce(MPI_IN_PLACE, sums(2), 1, MPI_DOUBLE_PRECISION, MPI_SUM, MPI_COMM_WORLD, error)
  call say('allreduce', sums(1) == 0.5d0 * ranks * ranks .and. sums(2) == sums(1))
  call MPI_Allgather(value, 1, MPI_DOUBLE_PRECISION, gathered, 1, MPI_DOUBLE_PRECISION, MPI_COMM_WORLD, error)
  call say('allgather', sum(gathered) == sums(1))
  call MPI_Iallreduce(value, sums(2), 1, MPI_DOUBLE_PRECISION, MPI_MAX, MPI_COMM_WORLD, requests(1), error)
  call MPI_Ibarrier(MPI_COMM_WORLD, requests(2), error)
  call MPI_Waitall(2, requests, MPI_STATUSES_IGNORE, error)
  call say('iallreduce', sums(2) == ranks - 0.5d0)
  value = 7
  if (rank > 0) value = 0
  call MPI_Bcast(value, 1, MPI_DOUBLE_PRECISION, 0, MPI_COMM_WORLD, error)
  call say('bcast', value == 7)
  types = MPI_INTEGER
  if (ranks == 2) then
    box = rank
    done = -1
    call MPI_Alltoallw(box, [1, 1], [0, 4], types, done, [1, 1], [0, 4], types, MPI_COMM_WORLD, error)
    call say('alltoallw', done(1) == 0 .and. done(2) == 1 .and. done(3) == -1)
  end if

  ! Communicators, LOGICAL arrays.
  dims = ranks
  periods = .true.
  remain = .true.
  call MPI_Cart_create(MPI_COMM_WORLD, 1, dims, periods, .false., cart, error)
  call MPI_Cart_sub(cart, remain, row, error)
  call MPI_Cart_shift(row, 0, 1, i, got, error)
  call say('cart', i == left .and. got == right)
  call MPI_Barrier(row, error)
  call MPI_Comm_free(row, error)
  call MPI_Comm_split(MPI_COMM_WORLD, mod(rank, 2), rank, row, error)
  call MPI_Allreduce(1, got, 1, MPI_INTEGER, MPI_SUM, row, error)
  call say('split', got == (ranks + 1 - mod(rank, 2)) / 2)
  call MPI_Comm_free(row, error)
  call say('comm_free', row == MPI_COMM_NULL)

  ! Text.
  call MPI_Get_library_version(version, length, error)
  if (rank == 0 .and. index(version, '+') > 0) print '(a)', 'by '//version(index(version, '+'):length)

  call MPI_Barrier(MPI_COMM_WORLD, error)
  start = MPI_Wtime()
  do i = 1, 100
    if (rank == 0) then
      call MPI_Send(number, 1, MPI_INTEGER, 1, 40, MPI_COMM_WORLD, error)
      call MPI_Recv(number, 1, MPI_INTEGER, 1, 40, MPI_COMM_WORLD, MPI_STATUS_IGNORE, error)
    else if (rank == 1) then
      call MPI_Recv(number, 1, MPI_INTEGER, 0, 40, MPI_COMM_WORLD, MPI_STATUS_IGNORE, error)
      call MPI_Send(number, 1, MPI_INTEGER, 0, 40, MPI_COMM_WORLD, error)
    end if
  end do
  if (rank == 0) print '(a, f12.6)', 'half_round_trip_us ', 1d6 * (MPI_Wtime() - start) / 200
  call MPI_Finalize(error)

contains

  logical function all_of(values)
    integer, intent(in) :: values(4)
    integer :: k
    all_of = all([(values(k) == k * (10 + left), k = 1, 4)])
  end function

  !> One line, when all ranks agree.
  subroutine say(what, holds)
    character(len=*), intent(in) :: what
    logical, intent(in) :: holds
    logical :: everywhere
    call MPI_Reduce(holds, everywhere, 1, MPI_LOGICAL, MPI_LAND, 0, MPI_COMM_WORLD, error)
    if (rank == 0) print '(a, l2)', what, everywhere
  end subroutine
end program
