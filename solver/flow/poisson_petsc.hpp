// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file poisson_petsc.hpp
/// PETSc's return codes and objects in our terms, for the sources of the pressure solve only.
#include <fmt/format.h>
#include <petscksp.h>

#include <source_location>
#include <string>

#include "haloscope/base/errors.hpp"
#include "haloscope/base/handles.hpp"

namespace haloscope {

inline constexpr PetscErrorCode petsc_ok{};  // PETSC_SUCCESS, which has that name only since 3.19

/// The text of PETSc's last error in one line; the particular text where there is one.
inline std::string petsc_message(PetscErrorCode code) {
  const char* general = nullptr;
  char* particular = nullptr;
  (void)PetscErrorMessage(code, &general, &particular);
  std::string text = particular != nullptr && *particular != '\0' ? particular
                     : general != nullptr                         ? general
                                                                  : "unknown error";
  return text.substr(0, text.find('\n'));
}

inline void check_petsc(PetscErrorCode code, std::source_location where = std::source_location::current()) {
  if (code != petsc_ok) throw LibraryError(fmt::format("PETSc: {}", petsc_message(code)), where);
}

inline bool petsc_is_running() noexcept {
  PetscBool initialized = PETSC_FALSE, finalized = PETSC_FALSE;
  PetscInitialized(&initialized);
  PetscFinalized(&finalized);
  return initialized == PETSC_TRUE && finalized == PETSC_FALSE;
}

template <class Object, PetscErrorCode (*Destroy)(Object*)>
struct PetscTraits {
  using type = Object;
  static type null() noexcept { return nullptr; }
  static void release(type& object) noexcept {
    if (petsc_is_running()) (void)Destroy(&object);
  }
};
using PetscVector = Handle<PetscTraits<Vec, VecDestroy>>;
using PetscMatrix = Handle<PetscTraits<Mat, MatDestroy>>;
using PetscSolver = Handle<PetscTraits<KSP, KSPDestroy>>;

}  // namespace haloscope
