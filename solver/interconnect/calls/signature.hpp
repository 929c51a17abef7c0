// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file signature.hpp
/// Parameter lists taken from mpi.h, so that a table of calls need not repeat them: HALOSCOPE_PARAMETERS_3(PMPI_Wait)
/// declares a, b, c with the types that PMPI_Wait has. A wrong count does not compile.
#include <tuple>

namespace haloscope::interconnect {

template <class F>
struct Signature;
template <class Result, class... Parameters>
struct Signature<Result (*)(Parameters...)> {
  static constexpr int count = sizeof...(Parameters);
  template <int I>
  using Parameter = std::tuple_element_t<I, std::tuple<Parameters...>>;
};

/// The type of parameter I of the function @p f.
template <auto f, int I>
using Parameter = typename Signature<decltype(f)>::template Parameter<I>;

}  // namespace haloscope::interconnect

#define HALOSCOPE_PARAMETERS_1(f) haloscope::interconnect::Parameter<&f, 0> a
#define HALOSCOPE_PARAMETERS_2(f) HALOSCOPE_PARAMETERS_1(f), haloscope::interconnect::Parameter<&f, 1> b
#define HALOSCOPE_PARAMETERS_3(f) HALOSCOPE_PARAMETERS_2(f), haloscope::interconnect::Parameter<&f, 2> c
#define HALOSCOPE_PARAMETERS_4(f) HALOSCOPE_PARAMETERS_3(f), haloscope::interconnect::Parameter<&f, 3> d
#define HALOSCOPE_PARAMETERS_5(f) HALOSCOPE_PARAMETERS_4(f), haloscope::interconnect::Parameter<&f, 4> e
#define HALOSCOPE_PARAMETERS_6(f) HALOSCOPE_PARAMETERS_5(f), haloscope::interconnect::Parameter<&f, 5> g
#define HALOSCOPE_PARAMETERS_7(f) HALOSCOPE_PARAMETERS_6(f), haloscope::interconnect::Parameter<&f, 6> h
#define HALOSCOPE_PARAMETERS_8(f) HALOSCOPE_PARAMETERS_7(f), haloscope::interconnect::Parameter<&f, 7> i
#define HALOSCOPE_PARAMETERS_9(f) HALOSCOPE_PARAMETERS_8(f), haloscope::interconnect::Parameter<&f, 8> j

#define HALOSCOPE_ARGUMENTS_1 a
#define HALOSCOPE_ARGUMENTS_2 a, b
#define HALOSCOPE_ARGUMENTS_3 a, b, c
#define HALOSCOPE_ARGUMENTS_4 a, b, c, d
#define HALOSCOPE_ARGUMENTS_5 a, b, c, d, e
#define HALOSCOPE_ARGUMENTS_6 a, b, c, d, e, g
#define HALOSCOPE_ARGUMENTS_7 a, b, c, d, e, g, h
#define HALOSCOPE_ARGUMENTS_8 a, b, c, d, e, g, h, i
#define HALOSCOPE_ARGUMENTS_9 a, b, c, d, e, g, h, i, j
