# What `cmake --install` puts where: libraries, headers, CMake package, pkg-config file, command.

include(CMakePackageConfigHelpers)

if(NOT FLIGHTPLAN_LIBCRYPTO_LIBRARY AND NOT BUILD_SHARED_LIBS)
  message(STATUS "No install target: a static libflightplan cannot carry a fetched libcrypto; "
    "install BoringSSL yourself and give -DFLIGHTPLAN_BORINGSSL_ROOT, or build it shared")
  return()
endif()

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/flightplan")

set(libraries flightplan)
set(absent_headers PATTERN "x509.h" EXCLUDE)
if(FLIGHTPLAN_BUILD_X509)
  list(APPEND libraries flightplan_x509)
  set(absent_headers)
endif()
install(TARGETS ${libraries} EXPORT flightplan
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/flightplan" "${PROJECT_SOURCE_DIR}/generated/include/flightplan"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.h" ${absent_headers})
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE-MIT" "${PROJECT_SOURCE_DIR}/LICENSE-APACHE"
  DESTINATION "${CMAKE_INSTALL_DOCDIR}")
if(FLIGHTPLAN_BUILD_TOOL)
  install(TARGETS flightplan_tool RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()

install(EXPORT flightplan NAMESPACE flightplan:: FILE flightplan-targets.cmake DESTINATION "${package_dir}")
configure_package_config_file("${PROJECT_SOURCE_DIR}/src/cmake/flightplan-config.cmake.in"
  "${PROJECT_BINARY_DIR}/flightplan-config.cmake" INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/flightplan-config-version.cmake"
  VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/flightplan-config.cmake" "${PROJECT_BINARY_DIR}/flightplan-config-version.cmake"
  DESTINATION "${package_dir}")

# libcrypto by its full path: `-lcrypto` would find OpenSSL's. A shared libflightplan carries the path itself.
set(FLIGHTPLAN_PC_LIBCRYPTO "${FLIGHTPLAN_LIBCRYPTO_LIBRARY}")
if(FLIGHTPLAN_LIBCRYPTO_RPATH)
  string(APPEND FLIGHTPLAN_PC_LIBCRYPTO " -Wl,-rpath,${FLIGHTPLAN_LIBCRYPTO_RPATH}")
elseif(FLIGHTPLAN_LIBCRYPTO_LIBRARY)
  string(APPEND FLIGHTPLAN_PC_LIBCRYPTO " -pthread")
  if(FLIGHTPLAN_LIBCRYPTO_RUNTIME)
    string(APPEND FLIGHTPLAN_PC_LIBCRYPTO " -l${FLIGHTPLAN_LIBCRYPTO_RUNTIME}")
  endif()
endif()
set(FLIGHTPLAN_PC_SHOWN "")
if(NOT BUILD_SHARED_LIBS)
  set(FLIGHTPLAN_PC_SHOWN " ${FLIGHTPLAN_PC_LIBCRYPTO}")
endif()
# The file finds its prefix from where it lies itself, so that the installed tree may be moved.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  set(FLIGHTPLAN_PC_PREFIX "${CMAKE_INSTALL_PREFIX}")
  set(FLIGHTPLAN_PC_LIBDIR "${CMAKE_INSTALL_FULL_LIBDIR}")
  set(FLIGHTPLAN_PC_INCLUDEDIR "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
else()
  file(RELATIVE_PATH up "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
  string(REGEX REPLACE "/$" "" up "${up}")
  set(FLIGHTPLAN_PC_PREFIX "\${pcfiledir}/${up}")
  set(FLIGHTPLAN_PC_LIBDIR "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
  set(FLIGHTPLAN_PC_INCLUDEDIR "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
foreach(library ${libraries})
  string(REPLACE "_" "-" file "${library}.pc")
  configure_file("${PROJECT_SOURCE_DIR}/src/cmake/${file}.in" "${PROJECT_BINARY_DIR}/${file}" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/${file}" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endforeach()
