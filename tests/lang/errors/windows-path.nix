"C:\new" + C:\temp
