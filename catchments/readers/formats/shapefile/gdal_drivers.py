"""GDAL's drivers, of which a program that reads Shapefiles has one; and what else it may not do."""

from __future__ import annotations

from collections.abc import Mapping

KEPT = "ESRI Shapefile"
_SKIPPED = """
AAIGrid,ACE2,ADBC,ADRG,AIG,AirSAR,AIVector,AmigoCloud,AVCBin,AVCE00,BMP,BSB,BT,BYN,CALS,Carto,
CEOS,COASP,COG,COSAR,CPG,CSV,CSW,CTG,DAAS,DERIVED,DGN,DIMAP,DOQ1,DOQ2,DTED,DXF,ECRGTOC,EDIGEO,
EEDA,EEDAI,EHdr,EIR,Elasticsearch,ENVI,ERS,ESAT,ESRIC,ESRIJSON,FAST,FlatGeobuf,GDALG,GenBin,
GeoJSON,GeoJSONSeq,GeoRSS,GFF,GML,GNMDatabase,GNMFile,GPKG,GPSBabel,GPX,GRASSASCIIGrid,GRIB,GS7BG,
GSAG,GSBG,GSC,GTFS,GTI,GTiff,GTX,GXF,HF2,HFA,HTTP,Idrisi,ILWIS,IRIS,ISCE,ISG,ISIS2,ISIS3,
JAXAPALSAR,JDEM,JML,JPEG,JSONFG,KML,KMLSUPEROVERLAY,KRO,L1B,LAN,LCP,Leveller,LIBERTIFF,LIBKML,
LOSLAS,LVBAG,MAP,MapInfo File,MapML,MBTiles,MEM,MFF,MFF2,MiraMonRaster,MiraMonVector,MRF,MSGN,MVT,
NDF,NGSGEOID,NGW,NITF,NOAA_B,NSIDCbin,NTv2,NWT_GRC,NWT_GRD,OAPIF,ODS,OGCAPI,OGR_GMT,OGR_PDS,
OGR_VRT,OpenFileGDB,OSM,PAux,PCIDSK,PCRaster,PDF,PDS,PDS4,PGDUMP,PLMOSAIC,PLSCENES,PMTiles,PNG,
PNM,PRF,RCM,RIK,RMF,ROI_PAC,RPFTOC,RRASTER,RS2,RST,S57,SAFE,SAGA,SAR_CEOS,Selafin,SENTINEL2,
SIGDEM,SNAP_TIFF,SNODAS,SQLite,SRP,SRTMHGT,STACIT,STACTA,SXF,Terragen,TGA,TIL,TopoJSON,TSX,
USGSDEM,VDV,VFK,VICAR,VRT,WAsP,WCS,WFS,WMS,WMTS,XLSX,XYZ,Zarr,ZMap
"""
"""All others that pyogrio's GDAL 3.12 registers. A test fails once there is another: GDAL can be
told which to leave out, but not which to have."""

ENVIRONMENT: Mapping[str, str] = {
    "GDAL_SKIP": _SKIPPED.replace("\n", ""),
    "GDAL_DRIVER_PATH": "disable",
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
    "PROJ_NETWORK": "OFF",
}
"""Source: https://gdal.org/en/stable/user/configoptions.html and PROJ's own page of variables."""
